/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:service/shop/pipeline

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

resource "terraform_data" "pipeline" {
  input = {
    repository = "${var.service.repository_id}@${var.service.branch_name}"
    unit_tests = var.pipeline.inputs.unit_tests
  }
}

resource "terraform_data" "stage" {
  for_each = { for instance in var.service_instances : instance.name => instance }

  input = {
    pipeline    = terraform_data.pipeline.id
    environment = each.value.environment.name
    url         = each.value.outputs["url"]
  }
}

output "stages" {
  value = keys(terraform_data.stage)
}

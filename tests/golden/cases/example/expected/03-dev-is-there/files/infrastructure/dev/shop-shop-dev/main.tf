/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:service/shop/service-instance/shop-dev

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

locals {
  inputs  = var.service_instance.inputs
  subnets = jsondecode(var.environment.outputs["subnets"])
}

resource "terraform_data" "load_balancer" {
  input = {
    name    = "${var.service.name}-${var.service_instance.name}"
    subnets = values(local.subnets)
  }
}

resource "terraform_data" "task" {
  count = local.inputs.size.instances

  input = {
    image   = local.inputs.image
    port    = local.inputs.port
    cpu     = local.inputs.size.cpu
    network = var.environment.outputs["network_id"]
  }
}

output "url" {
  value = "http://${terraform_data.load_balancer.input.name}.example.internal:${local.inputs.port}"
}

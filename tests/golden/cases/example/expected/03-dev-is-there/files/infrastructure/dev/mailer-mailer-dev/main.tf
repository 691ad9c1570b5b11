/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:service/mailer/service-instance/mailer-dev

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

resource "terraform_data" "queue" {
  input = {
    name    = var.service_instance.inputs.queue
    network = var.environment.outputs["network_id"]
  }
}

resource "terraform_data" "worker" {
  input = {
    queue       = terraform_data.queue.id
    concurrency = var.service_instance.inputs.concurrency
  }
}

output "queue_id" {
  value = terraform_data.queue.id
}

/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:service/shop/service-instance/shop-dev

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

output "url" {
  value = "http://${var.environment.outputs["network_id"]}:${var.service_instance.inputs.port}"
}

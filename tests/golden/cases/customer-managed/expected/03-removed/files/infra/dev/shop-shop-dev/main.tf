/*
This file is no longer managed by reconciler: its resource was deleted.
arn:aws:proton:eu-west-1:111122223333:service/shop/service-instance/shop-dev
*/

output "url" {
  value = "http://${var.environment.outputs["network_id"]}:${var.service_instance.inputs.port}"
}

output "url" {
  value = "http://${var.environment.outputs["network_id"]}:${var.service_instance.inputs.port}"
}

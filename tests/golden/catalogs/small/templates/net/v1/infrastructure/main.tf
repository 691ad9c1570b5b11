output "network_id" {
  value = "net-${var.environment.name}"
}

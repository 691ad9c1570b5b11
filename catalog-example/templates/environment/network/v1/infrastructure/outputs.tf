output "network_id" {
  value = terraform_data.network.id
}

output "subnets" {
  description = "Subnet ids by zone; a map is reported as JSON text"
  value       = { for zone, subnet in terraform_data.subnet : zone => subnet.id }
}

/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:environment/dev

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

output "network_id" {
  value = terraform_data.network.id
}

output "subnets" {
  description = "Subnet ids by zone; a map is reported as JSON text"
  value       = { for zone, subnet in terraform_data.subnet : zone => subnet.id }
}

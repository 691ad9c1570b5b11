/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:environment/prod

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

# A stand-in for a real network: terraform_data is built into Terraform, so that
# this example runs without an account, a provider or a network.

locals {
  inputs = var.environment.inputs
}

resource "terraform_data" "network" {
  input = {
    name = var.environment.name
    cidr = local.inputs.cidr
    tags = var.proton_tags
  }
}

resource "terraform_data" "subnet" {
  for_each = { for index, zone in local.inputs.zones : zone => cidrsubnet(local.inputs.cidr, 8, index) }

  input = {
    network = terraform_data.network.id
    zone    = each.key
    cidr    = each.value
  }
}

resource "terraform_data" "flow_log" {
  count = local.inputs.logging.enabled ? 1 : 0

  input = {
    network        = terraform_data.network.id
    retention_days = local.inputs.logging.retention_days
  }
}

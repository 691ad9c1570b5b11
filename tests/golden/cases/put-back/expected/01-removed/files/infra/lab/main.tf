/*
This file is no longer managed by reconciler: its resource was deleted.
arn:aws:proton:eu-west-1:111122223333:environment/lab
*/

output "network_id" {
  value = "net-${var.environment.name}"
}

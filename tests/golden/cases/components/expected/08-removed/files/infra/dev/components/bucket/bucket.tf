/*
This file is no longer managed by reconciler: its resource was deleted.
arn:aws:proton:eu-west-1:111122223333:component/bucket
*/

output "bucket" {
  value = "${try(var.service_instance.name, "nobody")}-bucket"
}

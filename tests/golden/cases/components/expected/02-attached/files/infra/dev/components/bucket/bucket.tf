/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:component/bucket

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

output "bucket" {
  value = "${try(var.service_instance.name, "nobody")}-bucket"
}

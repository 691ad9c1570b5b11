/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:service/shop/service-instance/shop-dev

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

variable "environment" {
  type = object({
    account_id = string
    name       = string
    outputs    = map(string)
  })
  default = null
}

variable "service" {
  type = object({
    name                      = string
    branch_name               = string
    repository_connection_arn = string
    repository_id             = string
  })
}

variable "service_instance" {
  type = object({
    name       = string
    inputs     = any
    components = map(any)
  })
  default = null
}

variable "proton_tags" {
  type    = map(string)
  default = null
}

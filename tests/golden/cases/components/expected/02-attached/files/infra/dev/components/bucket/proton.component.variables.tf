/*
This file is managed by reconciler. Changes made here by hand are overwritten by the next update.

It belongs to the resource
arn:aws:proton:eu-west-1:111122223333:component/bucket

If that resource no longer exists, what was created from this file may have to be cleaned up by hand.
*/

variable "component" {
  type = object({
    name = string
  })
}

variable "environment" {
  type = object({
    account_id = string
    name       = string
    outputs    = map(string)
  })
}

variable "service" {
  type = object({
    name = string
  })
  default = null
}

variable "service_instance" {
  type = object({
    name   = string
    inputs = any
  })
  default = null
}

variable "proton_tags" {
  type    = map(string)
  default = null
}

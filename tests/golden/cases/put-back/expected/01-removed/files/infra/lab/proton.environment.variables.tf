/*
This file is no longer managed by reconciler: its resource was deleted.
arn:aws:proton:eu-west-1:111122223333:environment/lab
*/

variable "environment" {
  type = object({
    inputs = any
    name   = string
  })
  default = null
}

variable "proton_tags" {
  type    = map(string)
  default = null
}

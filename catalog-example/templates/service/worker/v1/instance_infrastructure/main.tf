resource "terraform_data" "queue" {
  input = {
    name    = var.service_instance.inputs.queue
    network = var.environment.outputs["network_id"]
  }
}

resource "terraform_data" "worker" {
  input = {
    queue       = terraform_data.queue.id
    concurrency = var.service_instance.inputs.concurrency
  }
}

output "queue_id" {
  value = terraform_data.queue.id
}

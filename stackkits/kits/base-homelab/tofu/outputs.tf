output "nodes" {
  description = "The address of each node by its full name."
  value       = { for node in terraform_data.node : node.output.hostname => node.output.address }
}

output "services" {
  description = "The node of each service."
  value       = { for key, service in terraform_data.service : key => service.output.node }
}

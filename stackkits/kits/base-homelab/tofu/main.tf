# What a base homelab stands on, written to the output folder: each node's configuration
# and the settings of each service on it. No provider is needed, so it works offline.
#
# Content reaches the scripts through the environment, never through the command line.
# A change replaces the resource: OpenTofu runs provisioners when it creates one.

terraform {
  required_version = ">= 1.9"
}

resource "terraform_data" "node" {
  for_each = var.nodes

  input            = each.value
  triggers_replace = each.value

  provisioner "local-exec" {
    command = "sh ./scripts/write-node.sh"
    quiet   = true
    environment = {
      NODE    = self.input.name
      CONTENT = jsonencode(self.input)
      RULES   = length(self.input.firewall.allow)
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "sh ./scripts/remove-node.sh"
    quiet   = true
    environment = {
      NODE = self.input.name
    }
  }
}

resource "terraform_data" "service" {
  for_each = var.services

  input            = each.value
  triggers_replace = each.value

  provisioner "local-exec" {
    command = "sh ./scripts/write-service.sh"
    quiet   = true
    environment = {
      SERVICE = self.input.name
      NODE    = self.input.node
      CONTENT = join("\n", [for name, value in self.input.environment : "${name}=${value}"])
      PORTS   = join(", ", self.input.ports)
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "sh ./scripts/remove-service.sh"
    quiet   = true
    environment = {
      SERVICE = self.input.name
      NODE    = self.input.node
    }
  }

  # A node's folder is there before its services and goes after them.
  depends_on = [terraform_data.node]
}

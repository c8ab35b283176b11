# A lake of its own bucket: terraform init && terraform apply
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

provider "aws" {}

module "lake" {
  source       = "../"
  config       = "${path.module}/../../cdk/example/lake.yaml"
  package_path = "${path.module}/../../../build/lakegate-arm64.zip"
}

output "lake" {
  value = module.lake.lake
}

output "landing_queue" {
  value = module.lake.landing_queue
}

output "functions" {
  value = module.lake.functions
}

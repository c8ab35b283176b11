resource "aws_dynamodb_table" "served" {
  for_each                    = local.tables
  name                        = each.key
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = !var.force_destroy
  hash_key                    = each.value[0].keys[0].name
  range_key                   = try(each.value[0].keys[1].name, null)
  dynamic "attribute" {
    for_each = each.value[0].keys
    content {
      name = attribute.value.name
      type = attribute.value.type
    }
  }
  dynamic "ttl" {
    for_each = slice(["ttl"], 0, each.value[0].expires ? 1 : 0)
    content {
      attribute_name = "_lakegate_expires"
      enabled        = true
    }
  }
  point_in_time_recovery {
    enabled = true
  }
  lifecycle {
    precondition {
      condition     = alltrue([for key in each.value[0].keys : key.type != null])
      error_message = <<-EOT
        ${var.config}: datasets.${each.value[0].dataset}.serve.key: a table of DynamoDB is made with the
        types of its key, which is a number, a text, a date or time, or binary. Declare under
        datasets.${each.value[0].dataset}.schema: ${join(", ", [for key in each.value[0].keys : "${key.name} (${key.declared})" if key.type == null])}.
      EOT
    }
    precondition {
      condition     = contains([1, 2], length(each.value[0].keys))
      error_message = "${var.config}: datasets.${each.value[0].dataset}.serve.key: a table of DynamoDB has a partition key and at most one sort key."
    }
    precondition {
      condition     = length(distinct([for served in each.value : [served.keys, served.batched, served.expires]])) == 1
      error_message = "${var.config}: the table ${each.key} is served by two datasets in different ways."
    }
    precondition {
      condition     = alltrue([for served in each.value : served.to == "dynamodb"])
      error_message = "${var.config}: datasets.${each.value[0].dataset}.serve.to is a file of a lake in a directory; leave it out."
    }
  }
}

# lakegate's own, for datasets of `mode: snapshot`.
resource "aws_dynamodb_table" "marks" {
  count                       = local.has_marks ? 1 : 0
  name                        = "${local.table_prefix}lakegate_sources"
  billing_mode                = "PAY_PER_REQUEST"
  deletion_protection_enabled = !var.force_destroy
  hash_key                    = "table"
  range_key                   = "source"
  attribute {
    name = "table"
    type = "S"
  }
  attribute {
    name = "source"
    type = "S"
  }
  point_in_time_recovery {
    enabled = true
  }
}

resource "aws_glue_catalog_database" "lake" {
  count       = local.glue_database == null ? 0 : 1
  name        = local.glue_database
  description = "lakegate: ${local.lake}"
}

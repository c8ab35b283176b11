# The lake's bucket, or the place in one that exists.

locals {
  bare_prefix = trim(var.prefix, "/")
  prefix      = local.bare_prefix == "" ? "" : "${local.bare_prefix}/"
  bucket      = var.bucket == null ? aws_s3_bucket.lake[0].bucket : var.bucket
  bucket_arn  = "arn:${data.aws_partition.current.partition}:s3:::${local.bucket}"
  lake        = trimsuffix("s3://${local.bucket}/${local.prefix}", "/")
}

resource "aws_s3_bucket" "lake" {
  count         = var.bucket == null ? 1 : 0
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "lake" {
  count                   = length(aws_s3_bucket.lake)
  bucket                  = aws_s3_bucket.lake[0].bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  count  = length(aws_s3_bucket.lake)
  bucket = aws_s3_bucket.lake[0].bucket
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  count  = length(aws_s3_bucket.lake)
  bucket = aws_s3_bucket.lake[0].bucket
  rule {
    bucket_key_enabled = var.kms_key_arn == null ? null : true
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  count  = length(aws_s3_bucket.lake)
  bucket = aws_s3_bucket.lake[0].bucket
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  count  = length(aws_s3_bucket.lake)
  bucket = aws_s3_bucket.lake[0].bucket
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  count      = length(aws_s3_bucket.lake)
  bucket     = aws_s3_bucket.lake[0].bucket
  depends_on = [aws_s3_bucket_public_access_block.lake]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = { AWS = "*" }
      Action    = "s3:*"
      Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# This resource is the whole of a bucket's notifications, so it exists only for a bucket that is made
# here. Those of an existing bucket stay as they are: what it needs is EventBridge switched on.
resource "aws_s3_bucket_notification" "lake" {
  count       = length(aws_s3_bucket.lake)
  bucket      = aws_s3_bucket.lake[0].bucket
  eventbridge = var.events == "eventbridge"
  dynamic "queue" {
    for_each = var.events == "s3" ? local.stages : {}
    content {
      id            = queue.key
      events        = ["s3:ObjectCreated:*"]
      queue_arn     = aws_sqs_queue.events[queue.key].arn
      filter_prefix = queue.value.filter_prefix
      filter_suffix = queue.value.filter_suffix
    }
  }
  depends_on = [aws_sqs_queue_policy.events]
}

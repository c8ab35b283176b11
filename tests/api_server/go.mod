module lakegate/tests/api_server

go 1.22

require github.com/klauspost/compress v1.18.0

module github.com/librq/librq/tests/clients/go

go 1.24.0

require (
	github.com/hashicorp/go-retryablehttp v0.7.8
	github.com/librq/librq/bindings/go v0.0.0
	golang.org/x/oauth2 v0.34.0
)

require github.com/hashicorp/go-cleanhttp v0.5.2 // indirect

replace github.com/librq/librq/bindings/go => ../../../bindings/go

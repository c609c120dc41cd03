module github.com/librq/librq/benches/clients/go

go 1.24

require github.com/librq/librq/bindings/go v0.0.0

replace github.com/librq/librq/bindings/go => ../../../bindings/go

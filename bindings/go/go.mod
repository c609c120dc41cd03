module github.com/librq/librq/bindings/go

go 1.24

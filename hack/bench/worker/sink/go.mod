module batchsender.io/hack/sink

go 1.26

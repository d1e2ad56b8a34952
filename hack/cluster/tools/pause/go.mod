module batchsender.io/hack/pause

go 1.26

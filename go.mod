module github.com/volley-sql/volley

go 1.26

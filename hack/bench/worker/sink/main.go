// A real SMTP server for measurements: it takes every mail, keeps who it was for, when it came and its header section,
// and costs little. It has the HTTP front of hack/standins/smtpSink.ts. It refuses nothing, offers neither TLS nor AUTH,
// and delivers nothing.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
)

func main() {
	smtp, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("SMTP_PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		for {
			connection, err := smtp.Accept()
			if err != nil {
				return
			}
			go serve(connection)
		}
	}()
	fmt.Fprintln(os.Stderr, http.ListenAndServe("127.0.0.1:"+os.Getenv("HTTP_PORT"), http.HandlerFunc(front)))
	os.Exit(1)
}

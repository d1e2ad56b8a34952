package main

import (
	"bufio"
	"bytes"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"time"
)

// How long a mail takes before it is answered, in nanoseconds.
var takingDelay atomic.Int64

const greeting = "250-sink.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 52428800\r\n"

func serve(connection net.Conn) {
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 65536)
	l := openLine(connection)
	defer func() { close(l.replies); <-l.done }()
	l.say("220 sink.example.org ESMTP\r\n")
	var from string
	var recipients []string
	for {
		command, err := reader.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimRight(command, "\r\n"), " ")
		switch strings.ToUpper(verb) {
		case "EHLO":
			l.say(greeting)
		case "HELO":
			l.say("250 sink.example.org\r\n")
		case "MAIL":
			from, recipients = path(rest), nil
			l.say("250 2.1.0 ok\r\n")
		case "RCPT":
			recipients = append(recipients, path(rest))
			l.say("250 2.1.5 ok\r\n")
		case "DATA":
			if len(recipients) == 0 {
				l.say("503 5.5.1 no recipients\r\n")
				continue
			}
			l.say("354 go on\r\n")
			head, err := readMail(reader)
			if err != nil {
				return
			}
			time.Sleep(time.Duration(takingDelay.Load()))
			kept.add(from, recipients, head)
			recipients = nil
			l.say("250 2.0.0 taken\r\n")
		case "RSET", "NOOP":
			recipients = nil
			l.say("250 2.0.0 ok\r\n")
		case "QUIT":
			l.say("221 2.0.0 bye\r\n")
			return
		default:
			l.say("502 5.5.1 not known\r\n")
		}
	}
}

func path(argument string) string {
	_, rest, _ := strings.Cut(argument, "<")
	address, _, _ := strings.Cut(rest, ">")
	return address
}

// Reads to the line with a dot alone. Returns the header section.
func readMail(reader *bufio.Reader) ([]byte, error) {
	var head []byte
	isHead, isBeginning := true, true
	for {
		text, err := reader.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if isBeginning && bytes.Equal(text, []byte(".\r\n")) {
			return head, nil
		}
		if isBeginning && bytes.Equal(text, []byte("\r\n")) {
			isHead = false
		}
		if isHead {
			head = append(head, text...)
		}
		isBeginning = err == nil
	}
}

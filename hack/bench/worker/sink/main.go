// A real SMTP server for measurements: it takes every mail, keeps who it was for, when it came and its header section,
// and costs little. It has the HTTP front of hack/standins/smtpSink.ts. It refuses nothing, offers neither TLS nor AUTH,
// and delivers nothing.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// One per envelope recipient, in the order of acceptance.
type message struct {
	recipient, from string
	head            []byte
	receivedAt      time.Time
}

type store struct {
	mutex    sync.Mutex
	messages []message
}

func (s *store) add(from string, recipients []string, head []byte) {
	now := time.Now()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, recipient := range recipients {
		s.messages = append(s.messages, message{recipient, from, head, now})
	}
}

func (s *store) after(count int) []message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.messages[min(count, len(s.messages)):]
}

var (
	kept store
	// How long a mail takes before it is answered; and how long a reply is on its way, in nanoseconds.
	takingDelay, lineDelay atomic.Int64
)

// Sends replies later than they were given, as a long line does: those of a group arrive together.
type line struct {
	replies chan reply
	done    chan struct{}
}

type reply struct {
	text string
	due  time.Time
}

func openLine(connection net.Conn) *line {
	l := &line{make(chan reply, 1024), make(chan struct{})}
	go func() {
		defer close(l.done)
		writer := bufio.NewWriter(connection)
		for next := range l.replies {
			time.Sleep(time.Until(next.due))
			writer.WriteString(next.text)
			if len(l.replies) == 0 && writer.Flush() != nil {
				connection.Close()
			}
		}
		writer.Flush()
	}()
	return l
}

func (l *line) say(text string) {
	l.replies <- reply{text, time.Now().Add(time.Duration(lineDelay.Load()))}
}

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

type told struct {
	Seq        int               `json:"seq"`
	Recipient  string            `json:"recipient"`
	From       string            `json:"from"`
	Subject    string            `json:"subject"`
	Headers    map[string]string `json:"headers"`
	ReceivedAt string            `json:"receivedAt"`
}

func tell(seq int, m message) told {
	headers := map[string]string{}
	unfolded := strings.NewReplacer("\r\n ", " ", "\r\n\t", " ").Replace(string(m.head))
	for _, field := range strings.Split(unfolded, "\r\n") {
		if name, value, found := strings.Cut(field, ":"); found {
			headers[strings.ToLower(name)] = strings.TrimSpace(value)
		}
	}
	at := m.receivedAt.UTC().Format("2006-01-02T15:04:05.000Z")
	return told{seq, m.recipient, m.from, headers["subject"], headers, at}
}

type behaviour struct {
	Rules []struct {
		Address, At, Message string
		Code, Times, DelayMs int
		Drop                 bool
	}
	LineDelayMs int
}

func behave(body io.Reader) error {
	var wish behaviour
	if err := json.NewDecoder(body).Decode(&wish); err != nil {
		return err
	}
	taking := 0
	for _, rule := range wish.Rules {
		if rule.Address != "*" || rule.At != "data" || rule.Code != 0 || rule.Times != 0 || rule.Drop {
			return errors.New("this sink only delays the end of every mail")
		}
		taking = rule.DelayMs
	}
	takingDelay.Store(int64(taking) * int64(time.Millisecond))
	lineDelay.Store(int64(wish.LineDelayMs) * int64(time.Millisecond))
	return nil
}

func front(answer http.ResponseWriter, request *http.Request) {
	switch request.URL.Path {
	case "/count":
		kept.mutex.Lock()
		defer kept.mutex.Unlock()
		fmt.Fprintln(answer, len(kept.messages))
	case "/messages":
		after, _ := strconv.Atoi(request.URL.Query().Get("after"))
		encoder := json.NewEncoder(answer)
		for index, each := range kept.after(after) {
			encoder.Encode(tell(after+index+1, each))
		}
	case "/behaviour":
		if err := behave(request.Body); err != nil {
			http.Error(answer, err.Error(), http.StatusBadRequest)
			return
		}
		answer.WriteHeader(http.StatusNoContent)
	default:
		http.NotFound(answer, request)
	}
}

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

package main

import (
	"bufio"
	"net"
	"sync/atomic"
	"time"
)

// How long a reply is on its way, in nanoseconds.
var lineDelay atomic.Int64

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

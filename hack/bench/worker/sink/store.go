package main

import (
	"sync"
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

var kept store

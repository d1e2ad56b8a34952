package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

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

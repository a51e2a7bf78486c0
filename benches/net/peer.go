// The server of `make bench-net` in Go, as server.h describes it: a goroutine for each connection.
package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
)

var (
	answer = []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\nCoroutines answer.\n")
	end    = []byte("\r\n\r\n")
)

func serve(connection net.Conn, isHTTP bool) {
	defer connection.Close()
	data := make([]byte, 4096)
	used := 0
	for {
		size, err := connection.Read(data[used:])
		if err != nil {
			return
		}
		used += size
		reply := data[:used]
		if isHTTP {
			if !bytes.HasSuffix(reply, end) {
				continue
			}
			reply = answer
		}
		if _, err := connection.Write(reply); err != nil {
			return
		}
		used = 0
	}
}

func main() {
	workers, err := strconv.Atoi(os.Args[2])
	if err != nil {
		panic(err)
	}
	runtime.GOMAXPROCS(workers)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection, os.Args[1] == "http")
	}
}

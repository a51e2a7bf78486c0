// Go: one processor for goroutines, but for the rows of two workers. The CPU time of all threads counts, the
// garbage collector's and the monitor's with it.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	yields      = 1000000
	lives       = 200000
	locks       = 20000000
	sleepers    = 10000
	naps        = 5
	bursts      = 5
	connections = 100
	requests    = 120
	parked      = 100000
	arms        = 2000000
)

func now() int64 {
	if isWall {
		return time.Now().UnixNano()
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}

// isWall: wall time counts, not CPU time.
var isWall bool

func report(begin int64, operations float64) {
	fmt.Printf("%.4f\n", float64(now()-begin)/operations)
}

// together starts count goroutines and waits for their ends.
func together(count int, body func(number int)) {
	var group sync.WaitGroup
	group.Add(count)
	for i := 0; i < count; i++ {
		go func(number int) {
			body(number)
			group.Done()
		}(i)
	}
	group.Wait()
}

func yield() {
	begin := now()
	together(2, func(int) {
		for i := 0; i < yields; i++ {
			runtime.Gosched()
		}
	})
	report(begin, 2*yields)
}

func goJoin() {
	begin := now()
	for i := 0; i < lives; i++ {
		together(1, func(int) {})
	}
	report(begin, lives)
}

func passMessages(capacity int, messages int64, receive func(chan int64) int64) {
	channel := make(chan int64, capacity)
	begin := now()
	together(2, func(number int) {
		for i := int64(0); i < messages; i++ {
			if number == 0 {
				channel <- i
			} else {
				receive(channel)
			}
		}
	})
	report(begin, float64(messages))
}

func plain(channel chan int64) int64 { return <-channel }

func selecting(other chan int64) func(chan int64) int64 {
	return func(channel chan int64) int64 {
		select {
		case value := <-other:
			return value
		case value := <-channel:
			return value
		}
	}
}

func mutex() {
	var lock sync.Mutex
	begin := now()
	for i := 0; i < locks; i++ {
		lock.Lock()
		lock.Unlock()
	}
	report(begin, locks)
}

var worked uint32

// passPairs has 100 channels at once.
func passPairs() {
	const pairs, each = 100, 5000
	var channels [pairs]chan int64
	for i := range channels {
		channels[i] = make(chan int64)
	}
	begin := now()
	together(2*pairs, func(number int) {
		for i := int64(0); i < each; i++ {
			if number%2 == 0 {
				channels[number/2] <- i
			} else {
				<-channels[number/2]
			}
		}
	})
	report(begin, pairs*each)
}

func mutexWorkers(want int) {
	const all, work = 400000, 20
	turns := all / want
	var lock sync.Mutex
	begin := now()
	together(want, func(int) {
		for i := 0; i < turns; i++ {
			lock.Lock()
			for k := 0; k < work; k++ {
				atomic.StoreUint32(&worked, atomic.LoadUint32(&worked)*3+1)
			}
			lock.Unlock()
		}
	})
	report(begin, all)
}

func sleepOnce(number int) {
	time.Sleep(time.Duration(10000+number%100*100) * time.Microsecond)
}

// burstLater leaves out the first burst of the process.
func burstLater() {
	together(sleepers, sleepOnce)
	begin := now()
	for i := 0; i < bursts; i++ {
		time.Sleep(100 * time.Millisecond)
		together(sleepers, sleepOnce)
	}
	report(begin, sleepers*bursts)
}

func burstFirst() {
	begin := now()
	together(sleepers, sleepOnce)
	report(begin, sleepers)
}

func sleepersAgain() {
	var count int32
	var begin, end int64
	together(sleepers, func(number int) {
		for atomic.LoadInt32(&count) < sleepers*(naps+1) {
			sleepOnce(number)
			switch atomic.AddInt32(&count, 1) {
			case sleepers:
				begin = now()
			case sleepers * (naps + 1):
				end = now()
			}
		}
	})
	fmt.Printf("%.4f\n", float64(end-begin)/(sleepers*naps))
}

func resident() float64 {
	var size, pages float64
	text, _ := os.ReadFile("/proc/self/statm")
	fmt.Sscan(string(text), &size, &pages)
	return pages * float64(os.Getpagesize())
}

// memory parks fewer than the other programs do: they are ten times as large.
func memory() {
	before := resident()
	never := make(chan int)
	for i := 0; i < parked; i++ {
		go func() { <-never }()
	}
	time.Sleep(100 * time.Millisecond)
	fmt.Printf("%.1f\n", (resident()-before)/parked)
}

// timer resets and stops one timer beside sleepers others. The deadlines lie within a second, in no order.
func timer() {
	var spread time.Duration
	limit := func() time.Duration {
		spread = (spread + 7919) % sleepers
		return 30*time.Second + spread*100*time.Microsecond
	}
	others := make([]*time.Timer, sleepers)
	for i := range others {
		others[i] = time.NewTimer(limit())
	}
	own := time.NewTimer(limit())
	begin := now()
	for i := 0; i < arms; i++ {
		own.Stop()
		own.Reset(limit())
	}
	report(begin, arms)
	runtime.KeepAlive(others)
}

// serveHTTP answers what examples/http_server.c answers, until it is killed.
func serveHTTP() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println("port", listener.Addr().(*net.TCPAddr).Port)
	http.HandleFunc("/", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain")
		answer.Write([]byte("Coroutines answer.\n"))
	})
	panic((&http.Server{IdleTimeout: 30 * time.Second}).Serve(listener))
}

func serve(connection net.Conn) {
	data := make([]byte, 4096)
	for {
		size, err := connection.Read(data)
		if err != nil {
			break
		}
		if _, err := connection.Write(data[:size]); err != nil {
			break
		}
	}
	connection.Close()
}

func echo(client string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	command := exec.Command(client, port, strconv.Itoa(connections), strconv.Itoa(requests))
	if err := command.Start(); err != nil {
		panic(err)
	}
	begin := now()
	together(connections, func(int) {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		serve(connection)
	})
	report(begin, connections*requests)
	if err := command.Wait(); err != nil {
		panic(err)
	}
}

func main() {
	rows := map[string]func(){
		"yield":                 yield,
		"go-join":               goJoin,
		"chan":                  func() { passMessages(0, 500000, plain) },
		"chan-buffered":         func() { passMessages(128, 2000000, plain) },
		"chan-select":           func() { passMessages(0, 500000, selecting(make(chan int64))) },
		"chan-workers":          func() { passMessages(0, 30000, plain) },
		"chan-workers-chosen":   func() { passMessages(0, 500000, plain) },
		"chan-workers-pairs":    passPairs,
		"chan-workers-buffered": func() { passMessages(128, 500000, plain) },
		"mutex":                 mutex,
		"mutex-workers":         func() { mutexWorkers(8) },
		"mutex-workers-two":     func() { mutexWorkers(2) },
		"burst-first":           burstFirst,
		"burst-later":           burstLater,
		"sleepers-again":        sleepersAgain,
		"timer":                 timer,
		"memory":                memory,
		"http":                  serveHTTP,
		"echo":                  func() { echo(os.Args[2]) },
	}
	name := strings.TrimSuffix(os.Args[1], "-wall")
	isWall = name != os.Args[1]
	row := rows[name]
	if row == nil {
		os.Exit(2)
	}
	workers := 1
	if strings.Contains(os.Args[1], "-workers") {
		workers = 2
	}
	runtime.GOMAXPROCS(workers)
	row()
}

// pgpeer asks a server of PostgreSQL one question, with pgx.
//
//	pgpeer -keylog FILE "host=127.0.0.1 port=14433 sslmode=verify-full sslnegotiation=direct ..."
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

func main() {
	keylog := flag.String("keylog", "", "file that key log lines are added to")
	flag.Parse()
	if err := run(*keylog, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func run(keylog, where string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conf, err := pgx.ParseConfig(where)
	if err != nil {
		return err
	}
	if keylog != "" && conf.TLSConfig != nil {
		w, err := os.OpenFile(keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		conf.TLSConfig.KeyLogWriter = w
	}
	conn, err := pgx.ConnectConfig(ctx, conf)
	if err != nil {
		return err
	}
	var one int
	if err := conn.QueryRow(ctx, "select 1").Scan(&one); err != nil {
		return err
	}
	fmt.Println(one)
	return conn.Close(ctx)
}

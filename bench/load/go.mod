module hawser.dev/bench/load

go 1.25

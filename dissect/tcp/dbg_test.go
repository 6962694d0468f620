package tcp
import ("testing";"math/rand/v2";"time";"os";"fmt")
func TestHang(t *testing.T){
 for seed := range uint64(40000) {
  rnd := rand.New(rand.NewPCG(seed, 77))
  b := make([]byte, 8*(1+rnd.IntN(60)))
  for i := range b { b[i]=byte(rnd.Uint32()) }
  for i := 0; i < len(b); i += 8 { if rnd.IntN(2)==0 { b[i+3]=0; b[i+5]=0; b[i] &^= 64+4 } }
  done := make(chan bool)
  go func(){ judgeAll(t,b); close(done) }()
  select { case <-done: case <-time.After(3*time.Second): fmt.Println("HANG", seed, len(b)/8); os.WriteFile("/tmp/tcphang", b, 0o644); panic("hang") }
  if t.Failed() { os.WriteFile("/tmp/tcpfail", b, 0o644); fmt.Println("FAIL", seed); return }
 }
}

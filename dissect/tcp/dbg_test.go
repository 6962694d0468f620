package tcp
import ("testing";"math/rand/v2";"fmt";"github.com/tlslens/tlslens/dissect/flow")
func TestDbg(t *testing.T){
 for seed := range uint64(150) {
  rnd := rand.New(rand.NewPCG(seed, 9))
  x := converse(rnd, 12, false, seed%3 != 0)
  order := x.sent
  if !startsAtZero(order) {continue}
  for i := range len(order)-1 {
   sw := append([]sent(nil), order...)
   sw[i],sw[i+1]=sw[i+1],sw[i]
   ok := t.Run(fmt.Sprint(seed,i), func(t *testing.T){ x.run(t, flow.Limits{}, sw, true) })
   if !ok { for k,y := range sw[:min(len(sw),16)] { fmt.Println(k,y.dir,y.off,y.off+int64(y.n),"ack",y.ack,y.flags) }; return }
  }
 }
}

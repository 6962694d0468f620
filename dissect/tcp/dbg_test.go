package tcp
import ("testing";"os";"fmt";"encoding/binary")
func TestOne(t *testing.T){ b,_ := os.ReadFile(os.Getenv("ONE"))
 for i:=0;i+8<=len(b) && i<8*7;i+=8 { x:=b[i:]; f:=Flags(x[1]&63); if x[0]&2==0 {f=ACK}
  fmt.Println(i/8+1,"dir",x[0]&1,"flags",f,"seq",int16(binary.LittleEndian.Uint16(x[2:])),"shl",x[0]&4,"ack",int16(binary.LittleEndian.Uint16(x[4:])),"n",int(x[6])*int(1+x[0]>>7*7),"miss",x[0]&16,x[7],"skip",x[0]&32) }
 judgeAll(t,b) }

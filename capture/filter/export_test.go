package filter

// For tests outside the package, which may import capture.
var (
	Oracle           = oracle
	NeedTcpdump      = needTcpdump
	Expressions      = expressions
	EtherExpressions = etherExpressions
	LinkName         = linkName
)

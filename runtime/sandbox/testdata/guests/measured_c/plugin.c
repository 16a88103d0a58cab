/* The guest of the benchmarks in C: it adds up every byte of a batch. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define EXPORT(name) __attribute__((export_name(name)))

static unsigned char room[64 << 10];
static u32 sum;

EXPORT("abi_v1") void marker(void) {}

EXPORT("alloc") u32 alloc(u32 size) { return size <= sizeof room ? (u32)room : 0; }

EXPORT("handle") u64 handle(u32 at, u32 size) {
	static const char answer[2] = {'{', '}'};
	u32 total = sum;
	for (u32 i = 0; i < size; i++) total = total * 31 + ((const unsigned char *)at)[i];
	sum = total;
	return (u64)(u32)answer << 32 | sizeof answer;
}

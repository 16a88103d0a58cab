/* The guest of the benchmarks for Extism's ABI: it adds up every byte of its input, which
 * it loads as Extism's PDK for C does. */
typedef unsigned int u32;
typedef unsigned long long u64;
#define IMPORT(name) __attribute__((import_module("extism:host/env"), import_name(#name))) extern
IMPORT(input_length) u64 input_length(void);
IMPORT(input_load_u64) u64 input_load_u64(u64 at);
IMPORT(input_load_u8) u32 input_load_u8(u64 at);

static unsigned char room[64 << 10];
static u32 sum;

__attribute__((export_name("deliver"))) int deliver(void) {
	u64 size = input_length(), i = 0;
	u32 total = sum;
	for (; i + 8 <= size; i += 8) *(u64 *)(room + i) = input_load_u64(i);
	for (; i < size; i++) room[i] = (unsigned char)input_load_u8(i);
	for (i = 0; i < size; i++) total = total * 31 + room[i];
	sum = total;
	return 0;
}

// error: no matching function for call to 'charge'
#include "base/strong.h"

using InputTokens = gatehouse::Strong<struct InputTokensTag, int>;
using OutputTokens = gatehouse::Strong<struct OutputTokensTag, int>;

void charge(InputTokens input, OutputTokens output);

void settle(InputTokens input, OutputTokens output) {
#ifdef GATEHOUSE_MISUSE
  charge(output, input);
#else
  charge(input, output);
#endif
}

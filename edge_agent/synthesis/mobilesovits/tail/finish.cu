// The last stage of synthesis in one kernel: overlap-add, gain, soft limiter, fades, float to 16 bits. One thread a sample.
//
// frames     [n, n_fft] windowed sub-frames, hop samples apart, as the decoder leaves them
// carry_in   [n_fft - hop] what earlier sub-frames reach into this call; carry_out the same for the next call
// out        16-bit samples, the first that is heard at the front; mapped memory, which the processor reads where it is
// faults     [1] set to 1 where a sample is not a number or infinite
// n_out      so many samples are complete now
// first      number of the first of them in the segment; below 0 lies what is before its beginning
// end        number of samples of the segment, as far as it is known yet
//
// Also compiled as C by the tests, which run it on the processor.

#ifdef __cplusplus
extern "C"
#endif
__global__ void finish(const float *frames, const float *carry_in, float *carry_out, short *out, int *faults, int n, int n_fft,
                       int hop, int n_out, int first, int end, float gain, float knee, int n_fade_in, int n_fade_out)
{
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    const int overlap = n_fft - hop;
    if (i >= n * hop + overlap)
        return;

    float y = i < overlap ? carry_in[i] : 0.0f;
    for (int part = 0; part * hop < n_fft; ++part) {
        const int row = i / hop - part;
        if (row >= 0 && row < n)
            y += frames[(long)row * n_fft + i % hop + part * hop];
    }
    if (!(fabsf(y) < 1e30f))
        *faults = 1;
    if (i >= n * hop)
        carry_out[i - n * hop] = y;

    const int at = first + i;
    if (i >= n_out || at < 0)
        return;
    y *= gain;
    const float level = fabsf(y);
    if (level > knee)
        y = copysignf(knee + (1.0f - knee) * tanhf((level - knee) / (1.0f - knee)), y);
    if (at < n_fade_in)
        y *= 0.5f - 0.5f * cosf(3.14159265f * ((float)at + 0.5f) / (float)n_fade_in);
    if (end - at <= n_fade_out)
        y *= 0.5f - 0.5f * cosf(3.14159265f * ((float)(end - at) - 0.5f) / (float)n_fade_out);
    out[at - (first > 0 ? first : 0)] = (short)rintf(y * 32767.0f);
}

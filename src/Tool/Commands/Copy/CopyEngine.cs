// `vmbus copy`: a sender, a receiver, and a channel between them.

using System.Diagnostics;

namespace VmBus.Tool;

/// <summary>Copies over a channel.</summary>
internal sealed class CopyEngine(IChannelRun run) : ICopyEngine
{
    private static readonly TimeSpan Window = TimeSpan.FromMicroseconds(100);
    private static readonly TimeSpan Spin = TimeSpan.FromMicroseconds(50);

    /// <inheritdoc/>
    public void Warm(SignalMode mode, CopyOptions options, CancellationToken cancellationToken) => WarmUp(mode, options, cancellationToken);

    /// <summary>Copies zeros to nowhere in this process, so that the compiler's time is none of a copy's.</summary>
    public static void WarmUp(SignalMode mode, CopyOptions options, CancellationToken cancellationToken) => new OneProcess().Run(
        new ChannelPlan(mode, options.RingSize, Window, Spin),
        (channel, token) => new FileSender(channel, options with { Input = CopyFiles.WarmUp }, static _ => { }).Run(token),
        new SaveJob(CopyFiles.WarmUp),
        static () => { },
        cancellationToken);

    /// <inheritdoc/>
    public CopyResult Run(SignalMode mode, CopyOptions options, IProgress<long> progress, CancellationToken cancellationToken)
    {
        long start = 0;
        SaveJob job = new(options.Output);
        long sentBytes = 0;
        (SentFile sent, SavedFile saved) = run.Run(
            new ChannelPlan(mode, options.RingSize, Window, Spin),
            (channel, token) =>
            {
                // The far end, which may be a process to start, is there.
                start = Stopwatch.GetTimestamp();
                return new FileSender(channel, options, bytes => Volatile.Write(ref sentBytes, bytes)).Run(token);
            },
            job,
            () => progress.Report(Volatile.Read(ref sentBytes)),
            cancellationToken);
        return new CopyResult
        {
            Mode = mode,
            Bytes = saved.Bytes,
            Packets = saved.Packets,
            Elapsed = Stopwatch.GetElapsedTime(start),
            SentSha256 = sent.Sha256,
            ReceivedSha256 = saved.Sha256,
            Signals = sent.Signals,
            HostWakeups = saved.Wakeups,
        };
    }
}

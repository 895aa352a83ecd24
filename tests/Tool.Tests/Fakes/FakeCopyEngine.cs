using System.Security.Cryptography;

namespace VmBus.Tool.Tests.Fakes;

/// <summary>Copies without a channel, and can spoil a byte on the way.</summary>
internal sealed class FakeCopyEngine(bool spoils) : ICopyEngine
{
    public List<string> Calls { get; } = [];

    public void Warm(SignalMode mode, CopyOptions options, CancellationToken cancellationToken) => Calls.Add($"warm {mode}");

    public CopyResult Run(SignalMode mode, CopyOptions options, IProgress<long> progress, CancellationToken cancellationToken)
    {
        Calls.Add($"run {mode}");
        using Stream input = CopyFiles.OpenInput(options.Input);
        using Stream output = CopyFiles.OpenOutput(options.Output);
        using IncrementalHash sent = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using IncrementalHash received = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] message = new byte[options.MessageSize];
        long bytes = 0;
        long packets = 0;
        int length;
        while ((length = input.Read(message)) > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            sent.AppendData(message, 0, length);
            if (spoils && packets == 0)
                message[0] ^= 1;
            received.AppendData(message, 0, length);
            output.Write(message, 0, length);
            bytes += length;
            packets++;
            progress.Report(bytes);
        }

        return new()
        {
            Mode = mode,
            Bytes = bytes,
            Packets = packets,
            Elapsed = TimeSpan.FromSeconds(0.5),
            SentSha256 = sent.GetHashAndReset(),
            ReceivedSha256 = received.GetHashAndReset(),
            Signals = mode == SignalMode.Monitored
                ? new() { Monitored = 40, SuppressedNotEmpty = 2000 }
                : new() { Hypercall = 1200, SuppressedMasked = 840 },
            HostWakeups = mode == SignalMode.Monitored ? 40 : 1200,
        };
    }
}

// One play of a script: what was sent and received, the requests that are open, and how a failure tells of them.

using VmBus.Layout;

namespace VmBus.Testing;

/// <summary>A play of a <see cref="ChannelScript"/> on one channel. Used by one step at a time.</summary>
internal sealed class ScriptPlay(VmBusChannel channel)
{
    private readonly List<string> _transcript = [];
    private readonly Queue<ulong> _sent = new();        // requests of this end
    private readonly Queue<ulong> _received = new();    // requests of the other
    private ulong _lastId;

    /// <summary>Ends the step under way.</summary>
    public CancellationToken Token { get; set; }

    public async Task SendAsync(byte[] payload, SendOptions options)
    {
        await channel.SendAsync(payload, options, Token).ConfigureAwait(false);
        _transcript.Add($"sent     a {(options.Flags == PacketFlags.None ? "packet" : "request")} {PacketText.Of(payload)}, transaction id 0x{options.TransactionId:x}");
    }

    public Task RequestAsync(byte[] payload)
    {
        _sent.Enqueue(++_lastId);
        return SendAsync(payload, new SendOptions { TransactionId = _lastId, Flags = PacketFlags.CompletionRequested });
    }

    public async Task CompleteAsync(byte[] payload)
    {
        if (!_received.TryDequeue(out ulong id))
            throw new InvalidOperationException("no request is open: each was completed, or none came");
        await channel.SendCompletionAsync(payload, id, cancellationToken: Token).ConfigureAwait(false);
        _transcript.Add($"sent     a completion {PacketText.Of(payload)}, transaction id 0x{id:x}");
    }

    public async Task ExpectAsync(Func<ReceivedPacket, bool> condition)
    {
        using ReceivedPacket packet = await NextAsync().ConfigureAwait(false);
        if (!condition(packet))
            throw Different(packet);
    }

    public async Task ExpectCompletionAsync(byte[] payload)
    {
        if (!_sent.TryDequeue(out ulong id))
            throw new InvalidOperationException("no request of this end is open");
        using ReceivedPacket packet = await NextAsync().ConfigureAwait(false);
        if (packet.Type != PacketType.Completion || packet.TransactionId != id || !PacketText.IsSame(packet, payload))
            throw Different(packet);
    }

    public async Task ExpectEndAsync()
    {
        if (!await channel.WaitToReadAsync(Token).ConfigureAwait(false))
            return;
        using ReceivedPacket packet = await NextAsync().ConfigureAwait(false);
        throw Different(packet);
    }

    public Task DoAsync(Func<VmBusChannel, CancellationToken, Task> act) => act(channel, Token);

    /// <summary>A failure with all that led to it.</summary>
    public string Tell(int failed, IEnumerable<string> steps, string what)
    {
        string[] all = [.. steps];
        var lines = new List<string> { $"Step {failed + 1} of {all.Length}, {all[failed]}: {what}.", "The channel so far:" };
        lines.AddRange(_transcript.Count == 0 ? ["  nothing"] : _transcript.Select(line => $"  {line}"));
        if (failed + 1 < all.Length)
        {
            lines.Add("The steps that were to come:");
            lines.AddRange(all.Skip(failed + 1).Select((step, index) => $"  {failed + 2 + index}. {step}"));
        }
        return string.Join(Environment.NewLine, lines);
    }

    private static InvalidDataException Different(ReceivedPacket packet) => new($"got {PacketText.Of(packet)}");

    private async Task<ReceivedPacket> NextAsync()
    {
        while (await channel.WaitToReadAsync(Token).ConfigureAwait(false))
        {
            if (Take() is not { } packet)
                continue;
            _transcript.Add($"received {PacketText.Of(packet)}");
            if (packet.WantsCompletion)
                _received.Enqueue(packet.TransactionId);
            return packet;
        }
        throw new InvalidDataException($"the channel ended{(channel.DisconnectReason is { } reason ? $": {reason.TrimEnd('.')}" : "")}");
    }

    private ReceivedPacket? Take()
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        if (!batch.TryNext(out RingPacket packet))
            return null;
        var copy = new ReceivedPacket(packet);
        batch.Commit();
        return copy;
    }
}

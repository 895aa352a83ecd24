using VmBus.Layout;
using VmBus.Pipes;
using VmBus.Protocol;
using VmBus.Testing;

namespace VmBus.Backends.Tests.HostileUsers;

/// <summary>Channels, what stands on one, and what records a conversation.</summary>
internal static class EndedChannels
{
    public static Dictionary<string, Func<Task<EndedCase>>> All { get; } = new(StringComparer.Ordinal)
    {
        ["VmBusChannel"] = () => Task.FromResult(Channel(multiProducer: true)),
        ["VmBusChannel: of one producer"] = () => Task.FromResult(Channel(multiProducer: false)),
        ["ReceivedPacket"] = PacketAsync,
        ["PipeStream"] = () => Task.FromResult(Pipe(PipeMode.Byte, leaveOpen: false)),
        ["PipeStream: of messages"] = () => Task.FromResult(Pipe(PipeMode.Message, leaveOpen: false)),
        ["PipeStream: over a channel that stays"] = () => Task.FromResult(Pipe(PipeMode.Byte, leaveOpen: true)),
        ["PipeStream: whose channel is closed"] = () => Task.FromResult(PipeByItsChannel()),
        ["PipeTransport"] = () => Task.FromResult(Transport(byChannel: false)),
        ["PipeTransport: whose channel is closed"] = () => Task.FromResult(Transport(byChannel: true)),
        ["ConversationReader"] = () => Task.FromResult(Reader(leaveOpen: false)),
        ["ConversationReader: over a stream that stays"] = () => Task.FromResult(Reader(leaveOpen: true)),
        ["ConversationRecorder"] = () => Task.FromResult(Recorder()),
        ["InMemoryChannel"] = () => Task.FromResult(InMemory()),
        ["InMemoryVmBus"] = () => Task.FromResult(InMemoryBus()),
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static readonly byte[] Payload = new byte[16];

    private static EndedCase Channel(bool multiProducer)
    {
        (VmBusChannel guest, VmBusChannel host, InMemoryVmBus bus) = Open(multiProducer);
        EndedCase made = Uses(new EndedCase(guest).EndedBy(guest.Dispose).EndedBy(() => guest.DisposeAsync().AsTask()).EndedBy(() => guest.CloseAsync(Token)), guest).After(bus.Dispose);
        // Two that send at once are what a channel of one producer is not made for; its end is.
        return multiProducer ? made : made.UsedAtOnceBy(1);
    }

    private static EndedCase Uses(EndedCase made, VmBusChannel channel) => made
        .Throws("TrySend", () => channel.TrySend(Payload))
        .Throws("TrySend", () => channel.TrySend(Payload, new SendOptions { TransactionId = 3 }))
        .Throws("TrySend", () => channel.TrySend(OutgoingPacket.Completion(Payload, 3)))
        .Throws("Send", () => channel.Send(Payload, cancellationToken: Token))
        .Throws("Send", () => channel.Send(Payload, new SendOptions { Urgency = Urgency.Urgent }, Token))
        .Throws("SendAsync", () => channel.SendAsync(Payload, cancellationToken: Token).AsTask())
        .Throws("SendAsync", () => channel.SendAsync(Payload, new SendOptions { Urgency = Urgency.Urgent }, Token).AsTask())
        .Throws("SendCompletionAsync", () => channel.SendCompletionAsync(Payload, 5, cancellationToken: Token).AsTask())
        .Throws("RequestAsync", () => channel.RequestAsync(Payload, cancellationToken: Token).AsTask())
        .Throws("ReadAllAsync", async () =>
        {
            await foreach (ReceivedPacket packet in channel.ReadAllAsync(Token))
                Assert.NotNull(packet);
        })
        .Throws("BeginBatch", () => Batch(channel))
        .Throws("ReadBatch", () => Read(channel))
        .Throws("WaitToRead", () => channel.WaitToRead(Timeout.InfiniteTimeSpan, Token))
        .Throws("WaitToReadAsync", () => channel.WaitToReadAsync(Token).AsTask())
        .Throws("WaitToWrite", () => channel.WaitToWrite(3000, Timeout.InfiniteTimeSpan, Token))
        .Throws("WaitToWriteAsync", () => channel.WaitToWriteAsync(3000, Token).AsTask())
        .Throws("FlushAsync", () => channel.FlushAsync(Token).AsTask())
        .Throws("SetLatencyHint", () => channel.SetLatencyHint(TimeSpan.FromMilliseconds(1)))
        .Throws("SignalMode", () => channel.SignalMode = SignalMode.Adaptive)
        .Answers("CloseAsync", () => channel.CloseAsync(Token))
        .Answers("GetStatistics", () => channel.GetStatistics());

    private static async Task<EndedCase> PacketAsync()
    {
        (VmBusChannel guest, VmBusChannel host, InMemoryVmBus bus) = Open(multiProducer: false);
        Assert.True(host.TrySend(Payload));
        ReceivedPacket? packet = null;
        await foreach (ReceivedPacket next in guest.ReadAllAsync(Token))
        {
            packet = next;
            break;      // The sequence has disposed it.
        }

        return new EndedCase(packet!).EndedBy(packet!.Dispose)
            .Throws("Payload", () => _ = packet.Payload)
            .Throws("Packet", () => _ = packet.Packet)
            .Throws("WantsCompletion", () => _ = packet.WantsCompletion)
            .After(bus.Dispose);
    }

    private static EndedCase Pipe(PipeMode mode, bool leaveOpen)
    {
        (VmBusChannel guest, VmBusChannel host, InMemoryVmBus bus) = Open(multiProducer: false);
        var pipe = new PipeStream(guest, mode, leaveOpen);
        EndedCase made = new EndedCase(pipe).EndedBy(pipe.Dispose).EndedBy(() => pipe.DisposeAsync().AsTask()).After(bus.Dispose);
        // What waits on a channel that stays waits until that ends, too.
        return PipeUses(leaveOpen ? made.EndedBy(guest.Dispose) : made, pipe);
    }

    private static EndedCase PipeByItsChannel()
    {
        (VmBusChannel guest, VmBusChannel host, InMemoryVmBus bus) = Open(multiProducer: false);
        var pipe = new PipeStream(guest);
        return PipeUses(new EndedCase(pipe).EndedBy(guest.Dispose).EndedBy(pipe.Dispose).EndedBy(() => pipe.DisposeAsync().AsTask()).After(bus.Dispose), pipe);
    }

    private static EndedCase PipeUses(EndedCase made, PipeStream pipe)
    {
        byte[] buffer = new byte[32];
        bool isOfBytes = pipe.Mode == PipeMode.Byte;
        made.UsedAtOnceBy(1)
            .Throws("Read", () => Assert.InRange(pipe.Read(buffer.AsSpan()), 0, 32))
            .Throws("Read", () => Assert.InRange(pipe.Read(buffer, 0, 8), 0, 8))
            .Throws("ReadAsync", () => pipe.ReadAsync(buffer, Token).AsTask())
            .Throws("ReadAsync", () => pipe.ReadAsync(buffer, 0, 8, Token))
            .Throws("ReadByte", () => pipe.ReadByte())
            .Throws("Write", () => pipe.Write(Payload.AsSpan()))
            .Throws("Write", () => pipe.Write(Payload, 0, 8))
            .Throws("WriteAsync", () => pipe.WriteAsync(Payload, Token).AsTask())
            .Throws("WriteAsync", () => pipe.WriteAsync(Payload, 0, 8, Token))
            .Throws("WriteByte", () => pipe.WriteByte(1))
            .Answers("Flush", pipe.Flush)
            .Answers("FlushAsync", () => pipe.FlushAsync(Token))
            .Throws<NotSupportedException>("Seek", () => pipe.Seek(0, SeekOrigin.Begin))
            .Throws<NotSupportedException>("SetLength", () => pipe.SetLength(0));
        made = isOfBytes
            ? made.Throws("CompleteWriting", pipe.CompleteWriting)
                .Throws("CompleteWritingAsync", () => pipe.CompleteWritingAsync(Token).AsTask())
                .Answers("ReadMessage", () => { })
                .Answers("ReadMessageAsync", () => { })
            : made.Throws("ReadMessage", () => pipe.ReadMessage(buffer))
                .Throws("ReadMessageAsync", () => pipe.ReadMessageAsync(buffer, Token).AsTask())
                .Answers("CompleteWriting", () => { })
                .Answers("CompleteWritingAsync", () => { });
        // Last: what has given its writing up has nothing to complete.
        return made.Answers("AbandonWriting", pipe.AbandonWriting);
    }

    private static EndedCase Transport(bool byChannel)
    {
        (VmBusChannel guest, VmBusChannel host, InMemoryVmBus bus) = Open(multiProducer: false);
        var transport = new PipeTransport(new PipeStream(guest));
        EndedCase made = new EndedCase(transport);
        if (byChannel)
            made.EndedBy(guest.Dispose);
        return made.EndedBy(() => transport.DisposeAsync().AsTask())
            .Answers("Complete", () => transport.Output.Complete())
            .Answers("Complete", () => transport.Input.Complete())
            .After(bus.Dispose);
    }

    private static EndedCase Reader(bool leaveOpen)
    {
        var file = new MemoryStream();
        using (var recorder = new ConversationRecorder(file, TimeProvider.System, leaveOpen: true))
            recorder.Observe(MessageDirection.HostToGuest, Payload, default, MessageFault.None);
        file.Position = 0;
        var reader = new ConversationReader(file, leaveOpen);
        return new EndedCase(reader).EndedBy(reader.Dispose)
            .Throws("TryRead", () => reader.TryRead(out _))
            .Throws("ReadToEnd", () => Assert.Empty(reader.ReadToEnd()));
    }

    private static EndedCase Recorder()
    {
        var recorder = new ConversationRecorder(new MemoryStream(), TimeProvider.System);
        return new EndedCase(recorder).EndedBy(recorder.Dispose)
            .Answers("Observe", () => recorder.Observe(MessageDirection.GuestToHost, Payload, default, MessageFault.None));
    }

    private static EndedCase InMemory()
    {
        var bus = new InMemoryVmBus();
        InMemoryChannel channel = bus.CreateChannel();
        return new EndedCase(channel).EndedBy(channel.Dispose)
            .Throws("OpenGuest", () => channel.OpenGuest().Dispose())
            .Throws("OpenHost", () => channel.OpenHost().Dispose())
            .After(bus.Dispose);
    }

    private static EndedCase InMemoryBus()
    {
        var bus = new InMemoryVmBus();
        InMemoryChannel channel = bus.CreateChannel();
        return new EndedCase(bus).EndedBy(bus.Dispose).EndedBy(channel.Dispose)
            .Throws("CreateChannel", () => bus.CreateChannel());
    }

    private static (VmBusChannel Guest, VmBusChannel Host, InMemoryVmBus Bus) Open(bool multiProducer)
    {
        var bus = new InMemoryVmBus();
        InMemoryChannel channel = bus.CreateChannel();
        return (channel.OpenGuest(multiProducer: multiProducer), channel.OpenHost(multiProducer: multiProducer), bus);
    }

    private static void Batch(VmBusChannel channel)
    {
        using ChannelWriteBatch batch = channel.BeginBatch();
        batch.TryAdd(Payload);
        batch.Commit();
    }

    private static void Read(VmBusChannel channel)
    {
        using ChannelReadBatch batch = channel.ReadBatch();
        batch.TryNext(out _);
    }
}

// A synthetic keyboard of Hyper-V, as its host serves it. docs/start-host.md goes through it.

using System.Buffers.Binary;
using System.Threading.Channels;
using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Samples;

/// <summary>Types text into a guest. One keyboard serves one offer. Thread-safe.</summary>
internal sealed class KeyboardDevice : IChannelDevice
{
    private readonly Channel<(ushort Code, KeystrokeFlags Flags)> _keys = Channel.CreateUnbounded<(ushort, KeystrokeFlags)>();
    private TaskCompletionSource _negotiated = new();
    private long _rejected;
    private int _leds;

    /// <summary>The keyboard's class, which drivers go by, and the instance that it has on Hyper-V.</summary>
    public static HostOffer Offer { get; } =
        new(DeviceClass.Keyboard.Id, new Guid("d34b2567-b9b6-42b9-8778-0a4ec0b955bf")) { Flags = OfferFlags.EnumerateDeviceInterface };

    /// <summary>What the guest set its LEDs to last.</summary>
    public int Leds => Volatile.Read(ref _leds);

    /// <summary>How many packets made no sense, and were dropped.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    /// <summary>Offers the keyboard. Its answers and its keys are sent by two tasks: the channel needs to be multi-producer.</summary>
    public Task<OfferedChannel> OfferAsync(HostBus host) => host.OfferAsync(Offer, this, new() { MultiProducer = true });

    /// <summary>Types on a US keyboard. Keys wait until a guest has negotiated.</summary>
    /// <exception cref="ArgumentException">No key types one of the characters; nothing is typed.</exception>
    public void Type(string text)
    {
        foreach ((ushort code, bool isShifted) in text.Select(ScanCodes.Find).ToArray())
        {
            if (isShifted)
                _keys.Writer.TryWrite((ScanCodes.LeftShift, KeystrokeFlags.None));
            _keys.Writer.TryWrite((code, KeystrokeFlags.None));
            _keys.Writer.TryWrite((code, KeystrokeFlags.Break));
            if (isShifted)
                _keys.Writer.TryWrite((ScanCodes.LeftShift, KeystrokeFlags.Break));
        }
    }

    /// <inheritdoc/>
    public async Task ServeAsync(DeviceContext context, CancellationToken closing)
    {
        // A guest that goes on after a restore of the bus does not negotiate again.
        if (!context.IsRestored)
            _negotiated = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // When one of the two fails or ends, the other must not go on: the channel is taken away when this method has ended.
        using CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(closing);
        Task answering = AnswerAsync(context.Channel, ending.Token);
        Task typing = TypeAsync(context.Channel, ending.Token);
        await Task.WhenAny(answering, typing);
        await ending.CancelAsync();
        await Task.WhenAll(answering, typing);
    }

    private async Task AnswerAsync(VmBusChannel channel, CancellationToken cancellationToken)
    {
        while (await channel.WaitToReadAsync(cancellationToken))
        {
            while (!TryAnswer(channel))
            {
                // Room for a response with the completion behind it: 32 + 24 bytes of ring, as one packet of 32 bytes takes.
                if (!await channel.WaitToWriteAsync(32, cancellationToken))
                    return;
            }
        }
    }

    // Answers all that the guest has sent. False when there is no room for an answer: its packet is not committed then, and is
    // read again. So each packet is answered once, also where the bus is saved in between.
    private bool TryAnswer(VmBusChannel channel)
    {
        Span<byte> response = stackalloc byte[KeyboardProtocol.MessageLength];
        using ChannelReadBatch batch = channel.ReadBatch();
        while (batch.TryNext(out RingPacket packet))
        {
            bool isAccepted = false;
            using ChannelWriteBatch answers = channel.BeginBatch();
            if (!TryParse(packet, out KeyboardMessageType type, out uint value))
            {
                Interlocked.Increment(ref _rejected);
            }
            else if (type == KeyboardMessageType.ProtocolRequest)
            {
                // A version it does not know is refused, and the guest may ask for another.
                isAccepted = value == KeyboardProtocol.Version1;
                BinaryPrimitives.WriteUInt32LittleEndian(response, (uint)KeyboardMessageType.ProtocolResponse);
                BinaryPrimitives.WriteUInt32LittleEndian(response[4..], isAccepted ? 1u : 0u);
                if (!answers.TryAdd(response))
                    return false;
            }
            else
            {
                Volatile.Write(ref _leds, (ushort)value);
            }
            if (packet.WantsCompletion && !answers.TryAdd(OutgoingPacket.Completion([], packet.TransactionId)))
                return false;
            answers.Commit();
            batch.Commit();
            if (isAccepted)
                _negotiated.TrySetResult();
        }
        return true;
    }

    // The guest may write anything: nothing is used before type and length are found good, and no message is taken out of its turn.
    private bool TryParse(RingPacket packet, out KeyboardMessageType type, out uint value)
    {
        (type, value) = (default, 0);
        if (packet.Type != PacketType.DataInBand || packet.Payload.Length < KeyboardProtocol.MessageLength)
            return false;
        type = (KeyboardMessageType)BinaryPrimitives.ReadUInt32LittleEndian(packet.Payload);
        value = BinaryPrimitives.ReadUInt32LittleEndian(packet.Payload[4..]);
        return type == (_negotiated.Task.IsCompleted ? KeyboardMessageType.LedIndicators : KeyboardMessageType.ProtocolRequest);
    }

    private async Task TypeAsync(VmBusChannel channel, CancellationToken cancellationToken)
    {
        await _negotiated.Task.WaitAsync(cancellationToken);
        byte[] message = new byte[KeyboardProtocol.KeystrokeLength];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)KeyboardMessageType.Event);
        while (await _keys.Reader.WaitToReadAsync(cancellationToken))
        {
            // Taken out of the queue once it is sent: one that was not waits for the next service.
            while (_keys.Reader.TryPeek(out (ushort Code, KeystrokeFlags Flags) key))
            {
                BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), key.Code);
                BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), (uint)key.Flags);
                await channel.SendAsync(message, cancellationToken: cancellationToken);
                _keys.Reader.TryRead(out _);
            }
        }
    }
}

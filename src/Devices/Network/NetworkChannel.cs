// An open channel of an adapter. Two loops, each on a thread of the pool while it has work:
//
//   guest ─► ring ─► TakeBatch ─► TryCarry ─► link.TrySend          the packet is completed when the link has all of its frames
//   link.TryReceive ─► section of the guest's buffer ─► ring ─► guest   the section is free when the guest has completed the packet
//
// Both write to the one ring of the guest: in turns, and the loop whose turn it is waits for room.

using VmBus.Hosting;
using VmBus.Layout;

namespace VmBus.Devices;

/// <summary>Serves one open of an adapter's channel.</summary>
internal sealed partial class NetworkChannel : IDisposable
{
    private const int MostOfBatch = 64;

    // A section of the send buffer, and the longest frame with what stands in front of it.
    private const int LongestMessage = Nvsp.SendSectionSize + NvspProtocol.LongestFrame + 1024;

    private readonly NetworkAdapter _adapter;
    private readonly NetworkState _state;
    private readonly DeviceContext _context;
    private readonly VmBusChannel _channel;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SentPacket[] _taken = new SentPacket[MostOfBatch];
    private readonly byte[] _tagged = new byte[NvspProtocol.LongestFrame + EthernetFrame.TagLength];
    private readonly byte[] _control = new byte[Rndis.LongestAnswer];
    private byte[] _message = new byte[2 * Nvsp.SendSectionSize];
    private int _messageLength;
    private volatile bool _isLinkUntold;
    private volatile bool _isOwing;
    private long _batches;

    public NetworkChannel(NetworkAdapter adapter, NetworkState state, DeviceContext context)
    {
        _adapter = adapter;
        _state = state;
        _context = context;
        _channel = context.Channel;
        for (int packet = 0; packet < MostOfBatch; packet++)
            _taken[packet] = new SentPacket(context.Memory);
    }

    /// <summary>What the guest has sent so far. Any thread.</summary>
    public GuestTraffic Traffic => new(Volatile.Read(ref _batches), _isOwing);

    private INetworkLink Link => _adapter.Link;

    /// <summary>Serves the channel until it closes.</summary>
    /// <param name="closing">Cancelled when the channel is being closed, or its bus saved.</param>
    /// <exception cref="RingCorruptException">The guest broke a ring.</exception>
    public async Task ServeAsync(CancellationToken closing)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(closing);
        Task transmitting = Task.Run(() => TransmitAsync(ending.Token), CancellationToken.None);
        Task receiving = Task.Run(() => ReceiveAsync(ending.Token), CancellationToken.None);
        try
        {
            await await Task.WhenAny(transmitting, receiving).ConfigureAwait(false);
        }
        catch (Exception end) when (end is OperationCanceledException or PeerDisconnectedException && closing.IsCancellationRequested)
        {
            // How a service ends: the guest closes its channel, or the bus is saved.
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(transmitting, receiving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _writing.Dispose();

    private async Task TransmitAsync(CancellationToken cancellationToken)
    {
        await GiveUntoldAsync(cancellationToken).ConfigureAwait(false);
        while (await _channel.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            int count = TakeBatch();
            int at = 0;
            try
            {
                for (; at < count; at++)
                {
                    if (!Handle(_taken[at], out bool isControl))
                        continue;
                    if (isControl)
                        await AnswerAsync(_taken[at], cancellationToken).ConfigureAwait(false);
                    else
                        await CarryAsync(_taken[at], cancellationToken).ConfigureAwait(false);
                }
                Link.Flush();
            }
            catch (OperationCanceledException)
            {
                Keep(at, count);
                throw;
            }
            await CompleteAsync(count, cancellationToken).ConfigureAwait(false);
            _isOwing = false;
            if (_isLinkUntold)
                TellLink();
        }
    }

    private int TakeBatch()
    {
        int count = 0;
        _isOwing = true;
        Volatile.Write(ref _batches, _batches + 1);
        using ChannelReadBatch batch = _channel.ReadBatch();
        while (count < MostOfBatch && batch.TryNext(out RingPacket packet))
        {
            bool isGood = packet.Type switch
            {
                PacketType.Completion => _state.Receive?.TryComplete(packet.TransactionId) ?? false,
                PacketType.DataInBand or PacketType.DataUsingGpaDirect => _taken[count].TryTake(packet),
                _ => false,
            };
            if (!isGood)
                _adapter.Counts.AddRejected();
            else if (packet.Type != PacketType.Completion)
                count++;
        }
        batch.Commit();
        return count;
    }

    // Whether there is an RNDIS packet to deal with: it lies in _message then.
    private bool Handle(SentPacket packet, out bool isControl)
    {
        isControl = false;
        switch (_state.Nvsp.Handle(packet.Message, packet.Answer, out NvspBuffer buffer, out NvspRndisPacket rndis))
        {
            case NvspAction.Rndis:
                isControl = rndis.ChannelType == NvspRndisPacket.Control;
                if (TryGather(packet, rndis))
                    return true;
                _adapter.Counts.AddRejected();
                packet.SetStatus(NvspStatus.InvalidRndisPacket);
                break;
            case NvspAction.UseReceiveBuffer:
                UseReceiveBuffer(buffer, packet.Answer);
                break;
            case NvspAction.UseSendBuffer:
                UseSendBuffer(buffer, packet.Answer);
                break;
            case NvspAction.RevokeReceiveBuffer:
                RevokeReceiveBuffer();
                break;
            case NvspAction.RevokeSendBuffer:
                _state.Send = null;
                break;
            case NvspAction.Reject:
                _adapter.Counts.AddRejected();
                break;
        }
        return false;
    }

    private void UseReceiveBuffer(NvspBuffer buffer, Span<byte> answer)
    {
        // The head, the frame and a VLAN tag; on lines of the cache.
        int size = (Rndis.PacketHeaderSize + _state.Nvsp.MaxFrame + EthernetFrame.TagLength + 63) & ~63;
        size = Math.Max(size, Rndis.LongestAnswer);
        long length = _context.GetGpadlLength(buffer.Gpadl) ?? 0;
        int count = (int)Math.Min(length / size, ReceiveBuffer.MaxSections);
        bool isGood = _state.Receive is null && count > ReceiveBuffer.ControlSections;
        if (isGood)
            _state.Receive = new ReceiveBuffer(buffer.Gpadl, buffer.Id, size, count);
        else
            _adapter.Counts.AddRejected();
        NvspProtocol.Write(answer, NvspMessageType.SendReceiveBufferComplete, isGood
            ? new NvspReceiveBufferComplete { Status = NvspStatus.Success, SectionCount = 1, SubAllocationSize = (uint)size, SubAllocationCount = (uint)count, EndOffset = (uint)(size * count) }
            : new NvspReceiveBufferComplete { Status = NvspStatus.Fail });
    }

    private void UseSendBuffer(NvspBuffer buffer, Span<byte> answer)
    {
        long length = _context.GetGpadlLength(buffer.Gpadl) ?? 0;
        bool isGood = _state.Send is null && length >= Nvsp.SendSectionSize;
        if (isGood)
            _state.Send = (buffer.Gpadl, (int)Math.Min(length / Nvsp.SendSectionSize, int.MaxValue));
        else
            _adapter.Counts.AddRejected();
        NvspProtocol.Write(answer, NvspMessageType.SendSendBufferComplete, new NvspSendBufferComplete
        {
            Status = isGood ? NvspStatus.Success : NvspStatus.Fail,
            SectionSize = isGood ? (uint)Nvsp.SendSectionSize : 0,
        });
    }

    private void RevokeReceiveBuffer()
    {
        // A packet that is being written for it is written: the guest reads it behind its own word, or never.
        ReceiveBuffer? old = _state.Receive;
        _state.Receive = null;
        old?.Abandon();
    }

    // What the packet carries: a section of the send buffer, then the memory that it names.
    private bool TryGather(SentPacket packet, in NvspRndisPacket rndis)
    {
        int inSection = 0;
        if (rndis.SectionIndex != Nvsp.NoSection)
        {
            if (_state.Send is not { } send || rndis.SectionIndex >= (uint)send.Sections || rndis.SectionSize > Nvsp.SendSectionSize)
                return false;
            inSection = (int)rndis.SectionSize;
        }
        if (!packet.IsBufferGood || packet.Buffer.Length > LongestMessage - inSection)
            return false;
        _messageLength = inSection + (int)packet.Buffer.Length;
        if (_messageLength > _message.Length)
            _message = new byte[LongestMessage];
        return (inSection == 0 || _context.TryReadGpadl(_state.Send!.Value.Gpadl, rndis.SectionIndex * (long)Nvsp.SendSectionSize, _message.AsSpan(0, inSection)))
            && packet.Buffer.TryRead(0, _message.AsSpan(inSection, _messageLength - inSection));
    }

    private async ValueTask CarryAsync(SentPacket packet, CancellationToken cancellationToken)
    {
        int at = 0;
        NvspStatus status;
        while (!TryCarry(ref at, out status))
        {
            Link.Flush();
            await Link.WaitToSendAsync(cancellationToken).ConfigureAwait(false);
        }
        packet.SetStatus(status);
    }

    // Gives the frames of _message to the link; false when that has no room, and at says where to go on.
    private bool TryCarry(ref int at, out NvspStatus status)
    {
        status = NvspStatus.Success;
        while (at < _messageLength)
        {
            ReadOnlySpan<byte> message = _message.AsSpan(at, _messageLength - at);
            if (!RndisFrame.TryCut(ref message) || !_state.Rndis.IsInitialized
                || !RndisFrame.TryRead(message, _state.Nvsp.MaxFrame, out ReadOnlySpan<byte> frame, out ushort? tag))
            {
                _adapter.Counts.AddRejected();
                status = NvspStatus.InvalidRndisPacket;
                return true;
            }
            if (tag is { } vlan)
            {
                EthernetFrame.InsertTag(frame, vlan, _tagged);
                frame = _tagged.AsSpan(0, frame.Length + EthernetFrame.TagLength);
            }
            // No carrier: the frame goes nowhere.
            if (_adapter.IsLinkUp)
            {
                if (!Link.TrySend(frame))
                    return false;
                _adapter.Counts.AddSent(frame.Length);
            }
            at += message.Length;
        }
        return true;
    }

    private async ValueTask AnswerAsync(SentPacket packet, CancellationToken cancellationToken)
    {
        _control.AsSpan().Clear();
        int length = Answer();
        if (length < 0)
        {
            _adapter.Counts.AddRejected();
            packet.SetStatus(NvspStatus.InvalidRndisPacket);
            return;
        }
        packet.SetStatus(NvspStatus.Success);
        // A guest that leaves answers unread gets no more of them.
        if (length > 0 && !await TellAsync(_control.AsMemory(0, length), cancellationToken).ConfigureAwait(false))
        {
            _adapter.Counts.AddRejected();
            packet.SetStatus(NvspStatus.Fail);
        }
    }

    private int Answer()
    {
        ReadOnlySpan<byte> message = _message.AsSpan(0, _messageLength);
        return RndisFrame.TryCut(ref message) ? _state.Rndis.Handle(message, _adapter.IsLinkUp, _state.Nvsp.Version, _control) : -1;
    }

    private async ValueTask CompleteAsync(int count, CancellationToken cancellationToken)
    {
        int at = 0;
        while (at < count && !_taken[at].WantsCompletion)
            at++;
        // Nothing to write waits for no room: a guest that gives sections back may read again only when it has done so.
        if (at == count)
            return;
        try
        {
            await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                while (!TryComplete(ref at, count) && await _channel.WaitToWriteAsync(Nvsp.MessageSize, cancellationToken).ConfigureAwait(false))
                {
                }
            }
            finally
            {
                _writing.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // All of them have their answers.
            for (; at < count; at++)
                KeepAnswer(_taken[at]);
            throw;
        }
    }

    private bool TryComplete(ref int at, int count)
    {
        int first = at;
        using ChannelWriteBatch batch = _channel.BeginBatch();
        while (at < count && (!_taken[at].WantsCompletion || batch.TryAdd(OutgoingPacket.Completion(_taken[at].Answer, _taken[at].TransactionId))))
            at++;
        if (at > first)
            batch.Commit();
        return at == count;
    }
}

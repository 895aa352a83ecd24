// The way to the guest: frames of the link, answers to its questions, the state of the link.

namespace VmBus.Devices;

partial class NetworkChannel
{
    private const int MostFrames = 32;

    private readonly int[] _sections = new int[MostFrames];
    private readonly byte[] _ranges = new byte[8 + MostFrames * TransferPageHeaderWriter.RangeSize];
    private readonly byte[] _frame = new byte[Rndis.PacketHeaderSize + NvspProtocol.LongestFrame + EthernetFrame.TagLength];

    /// <summary>Tells the guest whether the link is up, soon. Any thread.</summary>
    public void TellLink()
    {
        _isLinkUntold = true;
        _ = Task.Run(TellLinkAsync);
    }

    private async Task TellLinkAsync()
    {
        var message = new byte[Rndis.LongestAnswer];
        int length = RndisProtocol.Indicate(_adapter.IsLinkUp, message);
        try
        {
            // A guest that has not asked yet learns it when it does.
            if (!_state.Rndis.IsInitialized || await TellAsync(message.AsMemory(0, length), CancellationToken.None).ConfigureAwait(false))
                _isLinkUntold = false;
        }
        catch (Exception end) when (end is VmBusException or ObjectDisposedException)
        {
            // The channel has ended, or the guest has broken its ring: the loops end with it.
        }
    }

    // Whether there was a section for it.
    private async ValueTask<bool> TellAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        if (_state.Receive is not { } buffer || !buffer.TryTake(isControl: true, out int section))
            return false;
        if (!_context.TryWriteGpadl(buffer.Gpadl, buffer.OffsetOf(section), message.Span))
        {
            buffer.GiveBack(section);
            return false;
        }
        await SendAsync(buffer, new[] { section }, new[] { message.Length }, NvspRndisPacket.Control, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        var lengths = new int[MostFrames];
        int pending = 0;        // bytes of a frame that waits for a section
        while (true)
        {
            ReceiveBuffer? buffer = _state.Receive;
            int count = Gather(buffer, lengths, ref pending);
            if (count > 0)
                await SendAsync(buffer!, _sections.AsMemory(0, count), lengths, NvspRndisPacket.Data, cancellationToken).ConfigureAwait(false);
            else if (pending > 0)
                await buffer!.WaitAsync(cancellationToken).ConfigureAwait(false);
            else
                await Link.WaitToReceiveAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    // Frames of the link into sections of the guest's, as many as one packet takes.
    private int Gather(ReceiveBuffer? buffer, int[] lengths, ref int pending)
    {
        int count = 0;
        while (count < MostFrames)
        {
            if (pending == 0 && !TryTakeFrame(out pending))
                break;
            if (pending == 0)
                continue;
            int length = Rndis.PacketHeaderSize + pending;
            if (buffer is null || length > buffer.SectionSize)
            {
                _adapter.Counts.AddLost();
                pending = 0;
                continue;
            }
            if (!buffer.TryTake(isControl: false, out int section))
                break;
            RndisFrame.WriteHeader(_frame, pending);
            pending = 0;
            if (!_context.TryWriteGpadl(buffer.Gpadl, buffer.OffsetOf(section), _frame.AsSpan(0, length)))
            {
                buffer.GiveBack(section);
                _adapter.Counts.AddLost();
                continue;
            }
            _sections[count] = section;
            lengths[count++] = length;
        }
        return count;
    }

    // False when the link has none; no bytes when it is not for the guest.
    private bool TryTakeFrame(out int length)
    {
        Span<byte> frame = _frame.AsSpan(Rndis.PacketHeaderSize);
        if (!Link.TryReceive(frame, out length))
        {
            length = 0;     // whatever the link left there
            return false;
        }
        frame = frame[..length];
        if (length < EthernetFrame.MinLength || !_adapter.IsLinkUp || !EthernetFrame.Passes(frame, _state.Rndis.Filter, _adapter.AddressBytes))
        {
            _adapter.Counts.AddFiltered();
            length = 0;
        }
        return true;
    }

    private async ValueTask SendAsync(ReceiveBuffer buffer, ReadOnlyMemory<int> sections, int[] lengths, uint channelType, CancellationToken cancellationToken)
    {
        ulong transactionId = buffer.Join(sections.Span);
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Revoked while it waited for its turn: the sections are the guest's again.
            while (_state.Receive == buffer && !TrySend(buffer, sections.Span, lengths, channelType, transactionId))
            {
                if (!await _channel.WaitToWriteAsync(Nvsp.MessageSize + _ranges.Length, cancellationToken).ConfigureAwait(false))
                    return;
            }
        }
        catch (OperationCanceledException)
        {
            // Not sent: where the bus is saved, the sections are free after its restore.
            buffer.TryComplete(transactionId);
            throw;
        }
        finally
        {
            _writing.Release();
        }
    }

    private bool TrySend(ReceiveBuffer buffer, ReadOnlySpan<int> sections, int[] lengths, uint channelType, ulong transactionId)
    {
        var header = new TransferPageHeaderWriter(channelType == NvspRndisPacket.Control ? new byte[16] : _ranges, buffer.SetId);
        long bytes = 0;
        for (int at = 0; at < sections.Length; at++)
        {
            header.AddRange((uint)lengths[at], (uint)buffer.OffsetOf(sections[at]));
            bytes += lengths[at] - Rndis.PacketHeaderSize;
        }
        Span<byte> message = stackalloc byte[Nvsp.MessageSize];
        message.Clear();
        NvspProtocol.Write(message, NvspMessageType.SendRndisPacket, new NvspRndisPacket { ChannelType = channelType, SectionIndex = Nvsp.NoSection });
        if (!_channel.TrySend(OutgoingPacket.TransferPages(header, message, transactionId)))
            return false;
        if (channelType == NvspRndisPacket.Data)
            _adapter.Counts.AddReceived(sections.Length, bytes);
        return true;
    }
}

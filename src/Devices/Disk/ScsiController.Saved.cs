// A controller whose bus is saved: how far its guest has negotiated, how many subchannels it has, and the answers that it still has
// to be given.
//
//   u32 format, u8 state, u16 version, u16 subchannels, u32 count, then of each answer: u16 channel, u64 transaction id, 64 bytes.
//
// What a state allows:
//
//   state             version     subchannels           answers of
//   begin, version    0           0                     the primary channel
//   properties, end   a known one 0                     the primary channel
//   ready             a known one as many as offered    the primary channel, a subchannel that there is

using System.Buffers.Binary;

namespace VmBus.Devices;

partial class ScsiController
{
    private const uint SavedFormat = 0x3153_4453;       // "SDS1"
    private const int SavedHeadLength = 13;
    private const int SavedAnswerLength = 10 + StoragePacketHeader.PacketSize;

    /// <summary>What another controller with the same disks needs to go on, after the bus was saved (<see cref="Hosting.HostBus.SaveAsync"/>).</summary>
    /// <returns>The state. The disks' contents are not in it.</returns>
    /// <exception cref="InvalidOperationException">A channel is still being served: the bus was not saved.</exception>
    public byte[] SaveState()
    {
        lock (_sync)
        {
            if (_serving.Count > 0)
                throw new InvalidOperationException("The controller's channels are still being served: save the bus first.");
            var state = new byte[SavedHeadLength + _kept.Count * SavedAnswerLength];
            Span<byte> rest = state;
            BinaryPrimitives.WriteUInt32LittleEndian(rest, SavedFormat);
            rest[4] = (byte)Protocol.Current;
            BinaryPrimitives.WriteUInt16LittleEndian(rest[5..], Protocol.Version);
            BinaryPrimitives.WriteUInt16LittleEndian(rest[7..], Protocol.Subchannels);
            BinaryPrimitives.WriteInt32LittleEndian(rest[9..], _kept.Count);
            rest = rest[SavedHeadLength..];
            foreach (KeptAnswer answer in _kept)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(rest, answer.ChannelIndex);
                BinaryPrimitives.WriteUInt64LittleEndian(rest[2..], answer.TransactionId);
                answer.Packet.CopyTo(rest[10..]);
                rest = rest[SavedAnswerLength..];
            }
            return state;
        }
    }

    /// <summary>
    /// Goes on where another was saved: offers the subchannels again that the guest has. Called before the controller itself is
    /// offered to the restored bus, and before its <see cref="Hosting.HostBus.CompleteRestoreAsync"/>.
    /// </summary>
    /// <param name="state">What <see cref="SaveState"/> gave.</param>
    /// <param name="offer">What the controller was offered as, and will be again.</param>
    /// <returns>Ends when the subchannels are offered.</returns>
    /// <exception cref="ArgumentException">The state is no such state, or does not fit the options.</exception>
    public async Task RestoreAsync(ReadOnlyMemory<byte> state, HostOffer offer)
    {
        ArgumentNullException.ThrowIfNull(offer);
        _offer = offer;
        lock (_sync)
        {
            _subchannels.Clear();
            _kept = ReadState(state.Span);
        }
        if (Protocol.Subchannels > 0 && !await TryOfferSubchannelsAsync(Protocol.Subchannels, CancellationToken.None).ConfigureAwait(false))
            throw new ArgumentException("The subchannels of the saved controller cannot be offered.", nameof(state));
    }

    private List<KeptAnswer> ReadState(ReadOnlySpan<byte> state)
    {
        if (state.Length < SavedHeadLength || BinaryPrimitives.ReadUInt32LittleEndian(state) != SavedFormat)
            throw new ArgumentException("This is not a saved state of a SCSI controller.", nameof(state));
        var current = (StorageProtocol.State)state[4];
        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(state[5..]), subchannels = BinaryPrimitives.ReadUInt16LittleEndian(state[7..]);
        int count = BinaryPrimitives.ReadInt32LittleEndian(state[9..]);
        ReadOnlySpan<byte> rest = state[SavedHeadLength..];
        if (current > StorageProtocol.State.Ready || count < 0 || rest.Length != (long)count * SavedAnswerLength)
            throw new ArgumentException($"The saved state of a SCSI controller is damaged: {state.Length} bytes, {count} answers.", nameof(state));
        if (subchannels > (_options.OfferSubchannel is null ? 0 : _options.MaxSubchannels))
            throw new ArgumentException($"The guest of the saved controller has {subchannels} subchannels, but the limit is {_options.MaxSubchannels}.", nameof(state));
        if (!StorageProtocol.IsPossible(current, version, subchannels))
            throw new ArgumentException($"The saved state of a SCSI controller is damaged: version 0x{version:x} and {subchannels} subchannels in state {current}.", nameof(state));
        var kept = new List<KeptAnswer>(count);
        for (; !rest.IsEmpty; rest = rest[SavedAnswerLength..])
        {
            ushort channel = BinaryPrimitives.ReadUInt16LittleEndian(rest);
            if (channel > subchannels)
                throw new ArgumentException($"The saved state of a SCSI controller is damaged: an answer of channel {channel} of {subchannels}.", nameof(state));
            kept.Add(new KeptAnswer(channel, BinaryPrimitives.ReadUInt64LittleEndian(rest[2..]), rest[10..SavedAnswerLength].ToArray()));
        }
        Protocol.Restore(current, version, subchannels);
        return kept;
    }
}

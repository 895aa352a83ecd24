using System.Buffers.Binary;
using VmBus.Protocol;
using Xunit;

namespace VmBus.Core.Tests.Protocol.SavedState;

/// <summary>Damages saved states.</summary>
internal static class StateDamage
{
    private const int ChecksumAt = 16;

    /// <summary>Every prefix, every byte changed, every bit of the head: each is refused, at an offset within the bytes.</summary>
    public static void IsRefused(byte[] state, Action<byte[]> restore)
    {
        restore(state);
        for (int length = 0; length < state.Length; length++)
            Refused(restore, state[..length]);
        Refused(restore, [.. state, 0]);
        for (int at = 0; at < state.Length; at++)
        {
            byte[] bad = [.. state];
            bad[at] ^= (byte)(1 << at % 8);
            Refused(restore, bad);
        }

        Assert.Equal(SavedStateFault.NotASavedState, Refused(restore, With(state, 0, 0)).Fault);
        Assert.Equal(SavedStateFault.UnknownVersion, Refused(restore, With(state, 8, 2)).Fault);
        Assert.Equal(SavedStateFault.UnknownVersion, Refused(restore, With(state, 8, 0)).Fault);
        Assert.Equal(SavedStateFault.WrongKind, Refused(restore, With(state, 10, 9)).Fault);
        Assert.Equal(SavedStateFault.WrongLength, Refused(restore, With(state, 12, (byte)(state[12] + 1))).Fault);
        Assert.Equal(SavedStateFault.WrongChecksum, Refused(restore, With(state, state.Length - 1, (byte)(state[^1] + 1))).Fault);
    }

    /// <summary>Every prefix and every byte changed, with length and checksum made right: restored or refused, nothing else.</summary>
    public static void Forge(byte[] state, Action<byte[]> restore)
    {
        restore(state);
        for (int length = ChecksumAt + 4; length < state.Length; length++)
            restore(Sealed(state[..length]));
        foreach (byte mask in (byte[])[1, 2, 3, 4, 5, 6, 7, 0x80, 0xff])
        {
            for (int at = ChecksumAt + 4; at < state.Length; at++)
            {
                byte[] bad = [.. state];
                bad[at] ^= mask;
                restore(Sealed(bad));
            }
        }
    }

    public static byte[] Sealed(byte[] state)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(12), (uint)(state.Length - SavedStateFormat.HeadSize));
        BinaryPrimitives.WriteUInt32LittleEndian(state.AsSpan(ChecksumAt), SavedStateFormat.ChecksumOf(state));
        return state;
    }

    private static SavedStateException Refused(Action<byte[]> restore, byte[] state)
    {
        SavedStateException error = Assert.Throws<SavedStateException>(() => restore(state));
        Assert.InRange(error.Offset, 0, state.Length);
        Assert.NotEmpty(error.Reason);
        return error;
    }

    private static byte[] With(byte[] state, int at, byte value)
    {
        byte[] bad = [.. state];
        bad[at] = value;
        return bad;
    }
}

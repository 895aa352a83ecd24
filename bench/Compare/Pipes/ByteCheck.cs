namespace VmBus.Compare;

/// <summary>Checks a stream of bytes that repeats one payload, cheaply: the first and the last byte of each piece read.</summary>
internal sealed class ByteCheck(byte[] payload)
{
    private long _position;

    /// <summary>Bytes seen so far in this slice.</summary>
    public long Position => _position;

    /// <summary>Starts a slice: its bytes begin with the payload's first.</summary>
    public void Restart() => _position = 0;

    /// <summary>Takes the next piece.</summary>
    /// <returns>Whether its ends are the right bytes.</returns>
    public bool TryTake(ReadOnlySpan<byte> piece)
    {
        if (piece[0] != payload[(int)(_position % payload.Length)])
            return false;
        _position += piece.Length;
        return piece[^1] == payload[(int)((_position - 1) % payload.Length)];
    }
}

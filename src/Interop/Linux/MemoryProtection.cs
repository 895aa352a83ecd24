// What a mapping may be used for. Mirrors PROT_* of mmap(2).

namespace VmBus.Interop;

/// <summary>What a mapping may be used for.</summary>
[Flags]
internal enum MemoryProtection
{
    /// <summary><c>PROT_NONE</c>: any access faults.</summary>
    None = 0,

    /// <summary><c>PROT_READ</c>.</summary>
    Read = 1,

    /// <summary><c>PROT_WRITE</c>.</summary>
    Write = 2,

    /// <summary><c>PROT_READ | PROT_WRITE</c>.</summary>
    ReadWrite = Read | Write,
}

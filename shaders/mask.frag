#version 330 core

layout(location = 0) out uint covered;

void main()
{
    covered = 1u;
}
